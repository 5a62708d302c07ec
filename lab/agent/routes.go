package main

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"os"
	"time"
)

type status struct {
	Status string `json:"status"`
	Reason string `json:"reason,omitempty"`
}

func routes(f fate, startedAt time.Time, log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	started := func() bool { return f.kind != "slow-start" || time.Since(startedAt) >= f.after }

	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, status{Status: "ok"})
	})
	mux.HandleFunc("GET /startup", func(w http.ResponseWriter, _ *http.Request) {
		if !started() {
			refuse(w, log, "startup", "model still loading")
			return
		}
		answer(w, http.StatusOK, status{Status: "ok"})
	})
	mux.HandleFunc("GET /ready", func(w http.ResponseWriter, _ *http.Request) {
		switch {
		case f.kind == "never-ready":
			refuse(w, log, "ready", "knowledge base not reachable")
		case !started():
			refuse(w, log, "ready", "model still loading")
		default:
			answer(w, http.StatusOK, status{Status: "ok"})
		}
	})
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]string{
			"name": name(), "version": tag(), "tenant": os.Getenv("TENANT_ID"),
		})
	})
	return mux
}

func refuse(w http.ResponseWriter, log *slog.Logger, probe, reason string) {
	log.Error(probe+": "+reason, "probe", probe)
	answer(w, http.StatusServiceUnavailable, status{Status: "unavailable", Reason: reason})
}

func answer(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		slog.Warn("answer not sent", "error", err.Error())
	}
}
