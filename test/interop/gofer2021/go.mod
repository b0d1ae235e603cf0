// A gVisor of October 2021, whose LISAFS is the 2021 dialect. See main.go.
module interop/gofer2021

go 1.26

require (
	golang.org/x/sys v0.43.0
	gvisor.dev/gvisor v0.0.0-20211020211948-f76a604701b6
)
