{{- define "agent-runtime.selector" -}}
app.kubernetes.io/name: agent-runtime
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{- /* No chart version and no operation in here: either would restart the pods of an unchanged deploy. */ -}}
{{- define "agent-runtime.labels" -}}
{{ include "agent-runtime.selector" . }}
app.kubernetes.io/managed-by: Helm
runtimeai.dev/runtime: {{ .Values.identity.runtimeId | quote }}
runtimeai.dev/tenant: {{ .Values.identity.tenantId | quote }}
runtimeai.dev/project: {{ .Values.identity.project | quote }}
runtimeai.dev/environment: {{ .Values.identity.environment | quote }}
{{- end -}}

{{- define "agent-runtime.metadata" -}}
name: {{ .Release.Name | quote }}
namespace: {{ .Release.Namespace | quote }}
labels:
  {{- include "agent-runtime.labels" . | nindent 2 }}
{{- end -}}

{{- /* "true" while the autoscaler owns the number of pods; a stopped agent has none. */ -}}
{{- define "agent-runtime.autoscales" -}}
{{- if and .Values.autoscaling (gt (int .Values.replicas) 0) }}true{{ end -}}
{{- end -}}

{{- define "agent-runtime.largestReplicas" -}}
{{- if include "agent-runtime.autoscales" . }}{{ int .Values.autoscaling.maxReplicas }}{{ else }}{{ int .Values.replicas }}{{ end -}}
{{- end -}}
