"""Settings (the only reader of the environment) and the files a company edits."""
