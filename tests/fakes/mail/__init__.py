"""Mail servers for tests: the real Dovecot and Postfix, and an SMTP server that fails as told."""
