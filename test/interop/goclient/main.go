// Command goclient is gVisor's own LISAFS client on an inherited socket: it shows what a server advertises, and measures
// calls the way a sandbox makes them.
//
// Usage: goclient SOCKET_FD mids
//
//	goclient SOCKET_FD fstat COUNT [socket]
//	goclient SOCKET_FD suite [socket] [no-donate] [read-only]
//
// fstat opens the root and makes COUNT FStat calls on it, over a channel or over the socket alone.
// suite plays a case for each method of the client, by several goroutines at once. Each command prints one line of JSON. Package lisafs differs between gVisor's ages; what does is in current.go and debian.go.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/context"
	"gvisor.dev/gvisor/pkg/lisafs"
	"gvisor.dev/gvisor/pkg/unet"
)

const (
	usage = "usage: goclient SOCKET_FD (mids | fstat COUNT [socket] | suite [socket] [no-donate] [read-only])"

	highestMID   = 255
	warmupCount  = 1000
	percentile99 = 0.99
)

type timing struct {
	Call     string `json:"call"`
	Over     string `json:"over"`
	Count    int    `json:"count"`
	MinNs    int64  `json:"minNs"`
	MedianNs int64  `json:"medianNs"`
	P99Ns    int64  `json:"p99Ns"`
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "goclient:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 2 {
		return fmt.Errorf(usage)
	}
	fd, err := strconv.Atoi(args[0])
	if err != nil {
		return fmt.Errorf("socket descriptor %q: %w", args[0], err)
	}
	socket, err := unet.NewSocket(fd)
	if err != nil {
		return fmt.Errorf("socket descriptor %d: %w", fd, err)
	}
	switch command, rest := args[1], args[2:]; {
	case command == "mids" && len(rest) == 0:
		return mids(socket)
	case command == "fstat" && len(rest) == 1:
		return fstat(socket, rest[0], true)
	case command == "fstat" && len(rest) == 2 && rest[1] == "socket":
		return fstat(socket, rest[0], false)
	case command == "suite":
		return suite(socket, rest)
	}
	return fmt.Errorf(usage)
}

func mids(socket *unet.Socket) error {
	client, _, err := connect(socket, true)
	if err != nil {
		return fmt.Errorf("mount: %w", err)
	}
	defer client.Close()
	supported := []int{}
	for mid := 0; mid <= highestMID; mid++ {
		if client.IsSupported(lisafs.MID(mid)) {
			supported = append(supported, mid)
		}
	}
	return json.NewEncoder(os.Stdout).Encode(map[string][]int{"mids": supported})
}

func fstat(socket *unet.Socket, countText string, channels bool) error {
	count, err := strconv.Atoi(countText)
	if err != nil || count < 1 {
		return fmt.Errorf("%q is not a number of calls", countText)
	}
	client, root, err := connect(socket, channels)
	if err != nil {
		return fmt.Errorf("mount: %w", err)
	}
	defer client.Close()

	ctx := context.Background()
	rootFD := client.NewFD(root.ControlFD)
	openID, hostFD, err := rootFD.OpenAt(ctx, unix.O_RDONLY)
	if err != nil {
		return fmt.Errorf("open the root: %w", err)
	}
	if hostFD >= 0 {
		unix.Close(hostFD)
	}
	open := client.NewFD(openID)

	var stat statx
	took := make([]int64, count)
	for i := -warmupCount; i < count; i++ {
		before := time.Now()
		if err := open.StatTo(ctx, &stat); err != nil {
			return fmt.Errorf("FStat: %w", err)
		}
		if i >= 0 {
			took[i] = int64(time.Since(before))
		}
	}
	open.Close(ctx, true)

	sort.Slice(took, func(a, b int) bool { return took[a] < took[b] })
	over := "socket"
	if channels {
		over = "channel"
	}
	return json.NewEncoder(os.Stdout).Encode(timing{
		Call: "fstat", Over: over, Count: count,
		MinNs: took[0], MedianNs: took[count/2], P99Ns: took[int(float64(count-1)*percentile99)],
	})
}
