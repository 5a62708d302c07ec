{{- /* Peers of a network rule from a list of two: names of namespaces, CIDRs. */ -}}
{{- define "agent-runtime.peers" -}}
{{- $peers := list -}}
{{- with index . 0 -}}
{{- $in := dict "key" "kubernetes.io/metadata.name" "operator" "In" "values" . -}}
{{- $peers = append $peers (dict "namespaceSelector" (dict "matchExpressions" (list $in))) -}}
{{- end -}}
{{- range index . 1 -}}
{{- $peers = append $peers (dict "ipBlock" (dict "cidr" .)) -}}
{{- end -}}
{{- if $peers }}{{ toYaml $peers }}{{ end -}}
{{- end -}}
