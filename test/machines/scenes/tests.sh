# Tests of this checkout, on the machine's kernel: control groups of version 2, shared mounts, AppArmor.
. /scene/checks.sh

cd /scene
mkdir tree
tar -C tree -xf tree.tar
cd tree
# shellcheck disable=SC2046 # a list of patterns
sh tools/test.sh $(cat /scene/patterns)
