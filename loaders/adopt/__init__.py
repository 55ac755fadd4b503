"""Propose a source for files that no table of the contract knows.

words       names of columns, statuses and kinds of rows in several languages
columns     what is in the columns of a file
guesses     which column is what
amounts     which arithmetic gives the money of a row
proposal    the guesses put together: tables, key and join
sources     the proposal as a dbt sources file
staging     the proposal as staging models
totals      what the proposal makes of the files
writing     the files of the source, written all or none
"""
