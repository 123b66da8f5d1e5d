#!/usr/bin/env bash
# callgrind - no scenario costs 5 % more instructions a command than was kept, by the same compiler.
# timeout: 600
exec bench/callgrind.mjs --check
