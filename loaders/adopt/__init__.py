"""Propose a source for files that no table of the contract knows.

words       names of columns in several languages
statuses    what their status or kind says of rows that don't count
naming      names for a source and its columns
columns     what is in the columns of a file
guesses     which column is what
amounts     which arithmetic gives the money of a row
keys        what identifies a row, and what joins two files
proposal    the guesses put together: the tables of the source, and what a line means
sources     the proposal as YAML: the contract, and descriptions of the models
staging     the proposal as staging models
adoption    from files to a proposal, and what it makes of them
writing     the files of the source, written all or none
"""
