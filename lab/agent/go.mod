module runtimeai.dev/lab/agent

go 1.26.0
