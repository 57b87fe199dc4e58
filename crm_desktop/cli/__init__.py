"""The service door: commands for IT automation, support and acceptance tests. No Qt."""
