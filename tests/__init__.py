"""The tests. Product code never imports them."""
