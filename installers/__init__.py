"""Builds what is rolled out: the frozen application, and later the packages of each platform."""
