"""How values are written in a file: numbers, dates and texts.

formats     the readings, and the SQL that reads a value
evidence    which reading the values of each column show: numbers, dates
words       names of months and of time zones
"""
