//go:build tools

// Package interop keeps what build.sh builds from gVisor's module in go.mod.
package interop

import _ "gvisor.dev/gvisor/runsc/cli/maincli"
