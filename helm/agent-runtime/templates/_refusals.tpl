{{- /*
What the schema cannot say, and what must hold even where somebody skips the schema
(--skip-schema-validation). Included once, by the Deployment.
*/ -}}
{{- define "agent-runtime.refusals" -}}
{{- $release := .Release.Name -}}
{{- if not (regexMatch "^[a-z]([a-z0-9-]*[a-z0-9])?$" $release) -}}
{{- fail (printf "release %q cannot name a Service: use lower-case letters, digits and hyphens, beginning with a letter" $release) -}}
{{- end -}}
{{- include "agent-runtime.refuseMissingGovernance" . -}}
{{- include "agent-runtime.refuseVariables" . -}}
{{- with .Values.autoscaling -}}
{{- if gt (int .minReplicas) (int .maxReplicas) -}}
{{- fail (printf "autoscaling.minReplicas %d of release %s is above maxReplicas %d: lower it or raise maxReplicas" (int .minReplicas) $release (int .maxReplicas)) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "agent-runtime.refuseMissingGovernance" -}}
{{- $governance := .Values.governance | default dict -}}
{{- range $setting := list "llmApiBaseUrl" "guardrailsApiUrl" "sandboxApiUrl" "dataAccessApiUrl" "otelExporterOtlpEndpoint" -}}
{{- if not (get $governance $setting) -}}
{{- fail (printf "governance.%s is missing, so release %s is not deployed: no agent runs without its governance endpoints; set it in the platform settings and deploy again" $setting $.Release.Name) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "agent-runtime.refuseVariables" -}}
{{- $governed := list "LLM_API_BASE_URL" "GUARDRAILS_API_URL" "SANDBOX_API_URL" "DATA_ACCESS_API_URL"
  "OTEL_EXPORTER_OTLP_ENDPOINT" "AGENT_ID" "AGENT_NAME" "TENANT_ID" "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
  "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT" "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT" -}}
{{- $seen := dict -}}
{{- range concat .Values.env .Values.secretEnv -}}
{{- if has .name $governed -}}
{{- fail (printf "variable %s of release %s is set by the platform: remove it from env and secretEnv" .name $.Release.Name) -}}
{{- end -}}
{{- if hasKey $seen .name -}}
{{- fail (printf "variable %s of release %s is given twice: keep one of them in env or secretEnv" .name $.Release.Name) -}}
{{- end -}}
{{- $_ := set $seen .name true -}}
{{- end -}}
{{- end -}}
