{{- define "agent-runtime.probe" -}}
httpGet:
  path: {{ .path | quote }}
  port: http
periodSeconds: {{ int .periodSeconds }}
timeoutSeconds: {{ int .timeoutSeconds }}
failureThreshold: {{ int .failureThreshold }}
{{- end -}}
