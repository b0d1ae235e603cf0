// Command client is gVisor's own LISAFS client on an inherited socket, calling over a channel, for as long as it is told
// to on standard input (package commands).
//
// Usage: client SOCKET_FD FILE (fstat | read SIZE)
package main

import (
	"fmt"
	"os"
	"strconv"

	"bench/commands"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/context"
	"gvisor.dev/gvisor/pkg/lisafs"
	"gvisor.dev/gvisor/pkg/unet"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "client:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 3 {
		return fmt.Errorf("usage: client SOCKET_FD FILE (fstat | read SIZE)")
	}
	fd, err := strconv.Atoi(args[0])
	if err != nil {
		return fmt.Errorf("socket descriptor %q: %w", args[0], err)
	}
	client, file, err := open(fd, args[1])
	if err != nil {
		return err
	}
	defer client.Close()
	ctx := context.Background()
	call, err := callOf(ctx, file, args[2:])
	if err != nil {
		return err
	}
	if err := commands.Serve(call); err != nil {
		return err
	}
	file.Close(ctx, true)
	return nil
}

// open mounts, starts the channels and opens a file of the root for reading.
func open(fd int, name string) (*lisafs.Client, lisafs.ClientFD, error) {
	var none lisafs.ClientFD
	socket, err := unet.NewSocket(fd)
	if err != nil {
		return nil, none, fmt.Errorf("socket descriptor %d: %w", fd, err)
	}
	client, root, mountFD, err := lisafs.NewClient(socket)
	if err != nil {
		return nil, none, fmt.Errorf("mount: %w", err)
	}
	closeDonated(mountFD)
	if err := client.StartChannels(); err != nil {
		return nil, none, fmt.Errorf("channels: %w", err)
	}
	ctx := context.Background()
	directory := client.NewFD(root.ControlFD)
	inode, err := directory.Walk(ctx, name)
	if err != nil {
		return nil, none, fmt.Errorf("walk to %s: %w", name, err)
	}
	control := client.NewFD(inode.ControlFD)
	openID, hostFD, err := control.OpenAt(ctx, unix.O_RDONLY)
	if err != nil {
		return nil, none, fmt.Errorf("open %s: %w", name, err)
	}
	closeDonated(hostFD)
	return client, client.NewFD(openID), nil
}

// closeDonated closes what a server may have donated: all calls are to go over the channel.
func closeDonated(fd int) {
	if fd >= 0 {
		unix.Close(fd)
	}
}

func callOf(ctx context.Context, file lisafs.ClientFD, args []string) (func() error, error) {
	switch {
	case len(args) == 1 && args[0] == "fstat":
		var stat lisafs.Statx
		return func() error { return file.StatTo(ctx, &stat) }, nil
	case len(args) == 2 && args[0] == "read":
		size, err := strconv.Atoi(args[1])
		if err != nil {
			return nil, fmt.Errorf("size %q: %w", args[1], err)
		}
		buffer := make([]byte, size)
		return func() error {
			count, err := file.Read(ctx, buffer, 0)
			if err == nil && count != uint64(size) {
				err = fmt.Errorf("read %d of %d bytes", count, size)
			}
			return err
		}, nil
	}
	return nil, fmt.Errorf("%q is neither fstat nor read SIZE", args)
}
