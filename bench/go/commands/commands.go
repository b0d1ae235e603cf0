// Package commands reads what bench/drive.ts asks of a program, one command a line, and answers with lines of JSON:
//
//	batch N      makes N calls: {"ns": TOTAL}
//	latencies N  makes N calls, each timed by itself: {"ns": [...]}
//	end
package commands

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Serve answers until the input ends. A failing call ends it at once.
func Serve(call func() error) error {
	answers := json.NewEncoder(os.Stdout)
	if err := answers.Encode(map[string]bool{"ready": true}); err != nil {
		return err
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		name, countText, _ := strings.Cut(lines.Text(), " ")
		if name == "end" {
			return nil
		}
		count, err := strconv.Atoi(countText)
		if err != nil {
			return fmt.Errorf("%q: %w", lines.Text(), err)
		}
		answer, err := run(name, count, call)
		if err != nil {
			return err
		}
		if err := answers.Encode(map[string]any{"ns": answer}); err != nil {
			return err
		}
	}
	return lines.Err()
}

func run(name string, count int, call func() error) (any, error) {
	switch name {
	case "batch":
		began := time.Now()
		for range count {
			if err := call(); err != nil {
				return nil, err
			}
		}
		return time.Since(began).Nanoseconds(), nil
	case "latencies":
		took := make([]int64, count)
		for i := range took {
			began := time.Now()
			if err := call(); err != nil {
				return nil, err
			}
			took[i] = time.Since(began).Nanoseconds()
		}
		return took, nil
	}
	return nil, fmt.Errorf("there is no command %q", name)
}
