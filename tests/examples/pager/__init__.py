"""An example channel: a pager service that speaks HTTP and lines of JSON."""
