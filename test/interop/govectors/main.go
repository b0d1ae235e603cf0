// Command govectors prints test vectors of every LISAFS message that gVisor's own code marshals: random fields, extremes
// often, one line of JSON each, in the format of test/vectors/gvisor.jsonl.
//
// Usage: govectors SEED COUNT_PER_TYPE
package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"
	"unsafe"

	"gvisor.dev/gvisor/pkg/lisafs"
)

// message is what every message and block of package lisafs can do.
type message interface {
	SizeBytes() int
	MarshalBytes(dst []byte) []byte
}

type vector struct {
	Case   string `json:"case"`
	Type   string `json:"type"`
	Fields any    `json:"fields"`
	Hex    string `json:"hex"`
	Size   int    `json:"size"`
}

var requests = []message{
	&lisafs.MountReq{}, &lisafs.ChannelReq{}, &lisafs.StatReq{}, &lisafs.SetStatReq{}, &lisafs.WalkReq{},
	&lisafs.OpenAtReq{}, &lisafs.OpenCreateAtReq{}, &lisafs.CloseReq{}, &lisafs.FsyncReq{}, &lisafs.PWriteReq{},
	&lisafs.PReadReq{}, &lisafs.MkdirAtReq{}, &lisafs.MknodAtReq{}, &lisafs.SymlinkAtReq{}, &lisafs.LinkAtReq{},
	&lisafs.FStatFSReq{}, &lisafs.FAllocateReq{}, &lisafs.ReadLinkAtReq{}, &lisafs.FlushReq{}, &lisafs.ConnectReq{},
	&lisafs.UnlinkAtReq{}, &lisafs.RenameAtReq{}, &lisafs.Getdents64Req{}, &lisafs.FGetXattrReq{},
	&lisafs.FSetXattrReq{}, &lisafs.FListXattrReq{}, &lisafs.FRemoveXattrReq{}, &lisafs.BindAtReq{},
	&lisafs.ListenReq{}, &lisafs.AcceptReq{}, &lisafs.ConnectWithCredsReq{}, &lisafs.RenameAt2Req{},
}

var responses = []message{
	&lisafs.ErrorResp{}, &lisafs.MountResp{}, &lisafs.ChannelResp{}, &lisafs.SetStatResp{}, &lisafs.WalkResp{},
	&lisafs.WalkStatResp{}, &lisafs.OpenAtResp{}, &lisafs.OpenCreateAtResp{}, &lisafs.CloseResp{}, &lisafs.FsyncResp{},
	&lisafs.PWriteResp{}, &lisafs.PReadResp{}, &lisafs.MkdirAtResp{}, &lisafs.MknodAtResp{}, &lisafs.SymlinkAtResp{},
	&lisafs.LinkAtResp{}, &lisafs.StatFS{}, &lisafs.FAllocateResp{}, &lisafs.ReadLinkAtResp{}, &lisafs.FlushResp{},
	&lisafs.ConnectResp{}, &lisafs.UnlinkAtResp{}, &lisafs.RenameAtResp{}, &lisafs.Getdents64Resp{},
	&lisafs.FGetXattrResp{}, &lisafs.FSetXattrResp{}, &lisafs.FListXattrResp{}, &lisafs.FRemoveXattrResp{},
	&lisafs.BindAtResp{}, &lisafs.ListenResp{}, &lisafs.AcceptResp{}, &lisafs.Statx{},
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "govectors:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("usage: govectors SEED COUNT_PER_TYPE")
	}
	seed, err := strconv.ParseInt(args[0], 10, 64)
	if err != nil {
		return err
	}
	count, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	g := generator{rand.New(rand.NewSource(seed))}
	for i := 0; i < count; i++ {
		for _, m := range requests {
			if err := g.print(out, "req", m); err != nil {
				return err
			}
		}
		for _, m := range responses {
			if err := g.print(out, "resp", m); err != nil {
				return err
			}
		}
	}
	return nil
}

type generator struct{ *rand.Rand }

func (g generator) print(out *bufio.Writer, kind string, m message) error {
	v := reflect.ValueOf(m).Elem()
	g.fill(v)
	size := m.SizeBytes()
	buf := make([]byte, size)
	if rest := m.MarshalBytes(buf); len(rest) != 0 {
		return fmt.Errorf("%T left %d of %d bytes unwritten", m, len(rest), size)
	}
	fields := map[string]any{}
	describe(v, fields)
	name := v.Type().Name()
	return json.NewEncoder(out).Encode(vector{kind, name, fields, hex.EncodeToString(buf), size})
}

// settable makes unexported fields writable: there is no other way to give them values.
func settable(v reflect.Value) reflect.Value {
	return reflect.NewAt(v.Type(), unsafe.Pointer(v.UnsafeAddr())).Elem()
}

func (g generator) fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := 0; i < v.NumField(); i++ {
			if v.Type().Field(i).Name != "_" {
				g.fill(settable(v.Field(i)))
			}
		}
		// How many bytes there are is a field of its own in gVisor.
		if n, b := v.FieldByName("NumBytes"), v.FieldByName("Buf"); n.IsValid() && b.IsValid() {
			settable(n).SetUint(uint64(b.Len()))
		}
	case reflect.Slice:
		n := g.Intn(5)
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := 0; i < n; i++ {
			g.fill(v.Index(i))
		}
	case reflect.String:
		v.SetString(g.text())
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(g.bits(v.Type().Bits()))
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		shift := 64 - v.Type().Bits()
		v.SetInt(int64(g.bits(v.Type().Bits())<<shift) >> shift)
	default:
		panic("no values for " + v.Type().String())
	}
}

func (g generator) bits(n int) uint64 {
	max := ^uint64(0) >> (64 - n)
	if g.Intn(2) == 0 {
		extremes := []uint64{0, 1, max, max >> 1, max>>1 + 1, max - 1}
		return extremes[g.Intn(len(extremes))]
	}
	return g.Uint64() & max >> g.Intn(n)
}

func (g generator) text() string {
	switch g.Intn(8) {
	case 0:
		return ""
	case 1:
		return strings.Repeat("x", 65535)
	case 2:
		return "naïve-файл-名前-😀"
	case 3:
		b := make([]byte, 1+g.Intn(300))
		g.Read(b)
		return string(b)
	case 4:
		return "\xed\xb2\x80\xff\xc0\x80\x00"
	default:
		return "name"[:1+g.Intn(4)]
	}
}

// describe puts a struct's fields into a map; those of embedded structs stand beside the others.
func describe(v reflect.Value, fields map[string]any) {
	for i := 0; i < v.NumField(); i++ {
		field := v.Type().Field(i)
		switch {
		case field.Name == "_":
		case field.Anonymous:
			describe(v.Field(i), fields)
		default:
			fields[field.Name] = value(v.Field(i))
		}
	}
}

func value(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Struct:
		fields := map[string]any{}
		describe(v, fields)
		return fields
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return map[string]any{"hex": hex.EncodeToString(settable(v).Bytes())}
		}
		list := make([]any, v.Len())
		for i := range list {
			list[i] = value(v.Index(i))
		}
		return list
	case reflect.String:
		if s := v.String(); utf8.ValidString(s) {
			return s
		}
		return map[string]any{"hex": hex.EncodeToString([]byte(v.String()))}
	case reflect.Uint64:
		return strconv.FormatUint(v.Uint(), 10)
	case reflect.Int64:
		return strconv.FormatInt(v.Int(), 10)
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		return v.Uint()
	default:
		return v.Int()
	}
}
