"""A retail shop of public tasks (tau2), rebuilt as tools of ours; see `test_retail`."""
