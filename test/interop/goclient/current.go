//go:build !debian

package main

import (
	"os"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/context"
	"gvisor.dev/gvisor/pkg/lisafs"
	"gvisor.dev/gvisor/pkg/unet"
)

type statx = lisafs.Statx

func connect(socket *unet.Socket, channels bool) (*lisafs.Client, lisafs.Inode, error) {
	client, root, mountFD, err := lisafs.NewClient(socket)
	if err != nil {
		return nil, lisafs.Inode{}, err
	}
	if mountFD >= 0 {
		unix.Close(mountFD)
	}
	if channels {
		if err := client.StartChannels(); err != nil {
			client.Close()
			return nil, lisafs.Inode{}, err
		}
	}
	return client, root, nil
}

func rename(ctx context.Context, dir *lisafs.ClientFD, oldName string, newDir lisafs.FDID, newName string, flags uint32) error {
	return dir.RenameAt(ctx, oldName, newDir, newName, flags)
}

func connectTo(ctx context.Context, fd *lisafs.ClientFD) (int, error) {
	return fd.Connect(ctx, unix.SOCK_STREAM, lisafs.UID(os.Geteuid()), lisafs.GID(os.Getegid()))
}
