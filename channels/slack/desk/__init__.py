"""The desk in Slack: one thread for each case. Nothing is exported here."""
