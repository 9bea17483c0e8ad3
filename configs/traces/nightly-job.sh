#!/bin/sh
# Writes nightly-job.csv to standard output: five minutes into the run a job goes through the 12
# databases of one server, one after the other, and opens 126 connections for each, 10 a second,
# each closed after 0.2 seconds. The shape is that of https://github.com/Azure/AKS/issues/4697;
# no recorded data went into it.
echo start,node,protocol,address,port,lifetime,close
awk 'BEGIN {
    for (i = 0; i < 12 * 126; i++)
        printf "%d.%d,runner,tcp,203.0.113.70,5432,0.2,fin\n", 300 + i / 10, i % 10
}'
