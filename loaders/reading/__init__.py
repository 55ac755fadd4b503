"""From a file to good and rejected rows.

files       which files are meant, and for which table     rules      what a value is, and why a row is rejected
intake      read, decompress, hash, decode                 rejects    the rows that are
header      delimiter, and a column for each name          scan       one file, judged
grammar     where records begin and end                    options    what a user may say about it
records     records in DuckDB, and back to the file        workspace  where working files are
formats     dates and decimal marks                        wide       files with very many columns
"""
