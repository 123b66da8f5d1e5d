#!/usr/bin/env bash
# images - crash images of a real run, COUNT of them: all that was promised is in each.
# timeout: 300
exec "${BUILD:-build/release}/images" "${COUNT:-600}"
