"""The customer and sales marts worked out again from the CSV files, by pandas and without any SQL of the project."""
