//go:build !debian

package main

import (
	"golang.org/x/sys/unix"
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
