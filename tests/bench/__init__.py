"""`make bench`: how fast the house is, beside floors measured in the same run. Never a test: machines differ."""
