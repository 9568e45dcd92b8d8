"""YAML cards of the tasks."""
