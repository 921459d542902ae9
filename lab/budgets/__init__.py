"""What a driver's calls may do: budgets as data, one file each."""
