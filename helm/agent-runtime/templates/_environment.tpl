{{- /*
Kubernetes expands $(NAME) in values and reads $$ as $, so every $ is doubled: the container gets the text as written
(https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/).
*/ -}}
{{- define "agent-runtime.variable" -}}
- name: {{ .name | quote }}
  value: {{ .value | replace "$" "$$" | quote }}
{{- end -}}

{{- define "agent-runtime.environment" -}}
{{- $governance := .Values.governance -}}
{{- $identity := .Values.identity -}}
{{- range $variable := list
  (dict "name" "LLM_API_BASE_URL" "value" $governance.llmApiBaseUrl)
  (dict "name" "GUARDRAILS_API_URL" "value" $governance.guardrailsApiUrl)
  (dict "name" "SANDBOX_API_URL" "value" $governance.sandboxApiUrl)
  (dict "name" "DATA_ACCESS_API_URL" "value" $governance.dataAccessApiUrl)
  (dict "name" "OTEL_EXPORTER_OTLP_ENDPOINT" "value" $governance.otelExporterOtlpEndpoint)
  (dict "name" "AGENT_ID" "value" $identity.runtimeId)
  (dict "name" "AGENT_NAME" "value" $identity.runtimeName)
  (dict "name" "TENANT_ID" "value" $identity.tenantId)
}}
{{ include "agent-runtime.variable" $variable }}
{{- end }}
{{- range .Values.env }}
{{ include "agent-runtime.variable" . }}
{{- end }}
{{- range .Values.secretEnv }}
- name: {{ .name | quote }}
  valueFrom:
    secretKeyRef:
      name: {{ .secretName | quote }}
      key: {{ .secretKey | quote }}
{{- end }}
{{- end -}}
