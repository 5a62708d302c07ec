// The sample agent: one static HTTP program whose image tag decides its fate.
package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if len(os.Args) > 1 && os.Args[1] == "pause" {
		pause(ctx)
		return
	}
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil)).With("agent", name(), "version", tag())
	if err := serve(ctx, log); err != nil {
		log.Error("stopped", "error", err.Error())
		os.Exit(1)
	}
}

func serve(ctx context.Context, log *slog.Logger) error {
	fate := readFate(tag())
	server := &http.Server{Addr: ":8080", Handler: routes(fate, time.Now(), log), ReadHeaderTimeout: 5 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.ListenAndServe() }()
	log.Info("listening", "port", 8080, "fate", fate.kind)

	select {
	case err := <-failed:
		return err
	case <-fate.crash():
		return errors.New("crash: the tool registry closed the connection")
	case <-ctx.Done():
		log.Info("stopping", "reason", "asked to stop")
		deadline, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		return server.Shutdown(deadline)
	}
}

// pause keeps a pod's namespaces open and reaps what is left to it as the first process.
func pause(ctx context.Context) {
	children := make(chan os.Signal, 1)
	signal.Notify(children, syscall.SIGCHLD)
	for {
		select {
		case <-ctx.Done():
			return
		case <-children:
			for {
				pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
				if pid <= 0 || err != nil {
					break
				}
			}
		}
	}
}
