package main

import (
	"os"
	"regexp"
	"strconv"
	"time"
)

// fate is what the tag promises: healthy, never-ready, crashes-after or slow-start.
type fate struct {
	kind  string
	after time.Duration
}

var timedFate = regexp.MustCompile(`-(crashes-after|slow-start)-(\d+)s$`)
var neverReady = regexp.MustCompile(`-never-ready$`)

func readFate(tag string) fate {
	if neverReady.MatchString(tag) {
		return fate{kind: "never-ready"}
	}
	match := timedFate.FindStringSubmatch(tag)
	if match == nil {
		return fate{kind: "healthy"}
	}
	seconds, err := strconv.Atoi(match[2])
	if err != nil {
		return fate{kind: "healthy"}
	}
	return fate{kind: match[1], after: time.Duration(seconds) * time.Second}
}

// crash fires when the agent has to die; never for any other fate.
func (f fate) crash() <-chan time.Time {
	if f.kind != "crashes-after" {
		return nil
	}
	return time.After(f.after)
}

func tag() string { return environment("AGENT_TAG", "0.0.0") }

func name() string { return environment("AGENT_NAME", "sample-agent") }

func environment(key, otherwise string) string {
	if value := os.Getenv(key); value != "" {
		return value
	}
	return otherwise
}
