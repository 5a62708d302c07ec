module runtimeai.dev/lab/vcluster

go 1.26.3

// Only its folder `chart` is used; nothing of it is built.
require github.com/loft-sh/vcluster v0.36.1
