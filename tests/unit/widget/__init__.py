"""The widget's files, checked without Node and without a browser."""
