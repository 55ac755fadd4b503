"""From a file to good and rejected rows.

files       which files are meant, and for which table     rules      what a value is, and why a row is rejected
intake      read, decompress and hash                      rejects    the rows that are
encoding    which encoding it is in                        scan       one file, judged
header      delimiter, and a column for each name          options    what a user may say about it
grammar     where records begin and end                    workspace  where working files are
records     records in DuckDB, and back to the file        values/    how numbers, dates and texts are written
"""
