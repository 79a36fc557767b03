"""What the benchmark scripts share; `make bench` runs only the scripts."""
