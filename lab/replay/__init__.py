"""Runs in virtual time, compared: what differs first between two that should be the same."""
