"""One way to keep what was computed and to run pieces of work, for every command.

``keys``    what a result rests on: sources, configuration, version, data files
``files``   a file is there whole and intact, or not at all
``places``  folders that may be written to, and where compiled code is kept
``work``    pieces of work in local processes or on Dask, each named if its worker dies
``shelf``   what is there is taken, the rest is made: all of the above together
"""
