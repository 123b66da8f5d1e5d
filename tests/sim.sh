#!/bin/sh
# timeout: 600
# sim - the short form of `make sim`: 300 seeds of the simulator.
exec "${BUILD:-build/release}/sim" --seeds "${SEEDS:-300}"
