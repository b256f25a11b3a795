"""Email: mailboxes that customers write to."""
