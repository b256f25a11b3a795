"""One set of tests per port, run against every implementation."""
