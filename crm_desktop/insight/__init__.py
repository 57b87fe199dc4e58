"""Numbers about customers: grading, RFM, lifetime value, health, coverage, SLA. No Qt."""
