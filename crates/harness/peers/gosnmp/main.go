// gosnmp as a peer of `harness load`: a socket and a goroutine for each printer.
//
// Built with Debian's packages golang-go and golang-github-gosnmp-gosnmp-dev, which is what
// prometheus-snmp-exporter is made of too:
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go build -o target/gosnmp crates/harness/peers/gosnmp/main.go
//	harness load --peer target/gosnmp
package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/gosnmp/gosnmp"
)

// Rows asked for at once.
const repetitions = 40

// Printers asked at once in a sweep, each with a socket.
const sockets = 4096

type duration struct {
	Secs  int64 `json:"secs"`
	Nanos int64 `json:"nanos"`
}

func (d duration) std() time.Duration {
	return time.Duration(d.Secs)*time.Second + time.Duration(d.Nanos)
}

func durationOf(d time.Duration) duration {
	return duration{Secs: int64(d / time.Second), Nanos: int64(d % time.Second)}
}

// What there is to do; see Assignment in src/load.rs.
type assignment struct {
	Task      string   `json:"task"`
	Range     []any    `json:"range"`
	Addresses []string `json:"addresses"`
	Port      uint16   `json:"port"`
	Timeout   duration `json:"timeout"`
	Retries   int      `json:"retries"`
	InFlight  int      `json:"in_flight"`
	V3        *struct {
		Name    string `json:"name"`
		Auth    string `json:"auth"`
		Privacy string `json:"privacy"`
	} `json:"v3"`
}

// What was done; see Report in src/load.rs.
type report struct {
	Client    string         `json:"client"`
	Wall      duration       `json:"wall"`
	CPU       duration       `json:"cpu"`
	PeakKB    int64          `json:"peak_kb"`
	Decode    duration       `json:"decode"`
	Requests  int64          `json:"requests"`
	Found     int64          `json:"found"`
	Complete  int64          `json:"complete"`
	Variables int64          `json:"variables"`
	Read      map[string]any `json:"read"`
}

func main() {
	input := bufio.NewReader(os.Stdin)
	line, err := input.ReadBytes('\n')
	fail(err)
	var todo assignment
	fail(json.Unmarshal(line, &todo))
	if todo.Task == "again" {
		run(&todo)
		fmt.Println("read once")
		_, err := input.ReadBytes('\n')
		fail(err)
	}
	before := cpu()
	done := run(&todo)
	done.CPU = durationOf(cpu() - before)
	done.PeakKB = peak()
	done.Client = "gosnmp " + version()
	line, err = json.Marshal(done)
	fail(err)
	fmt.Println(string(line))
}

func run(todo *assignment) report {
	done := report{Read: map[string]any{}}
	atOnce := todo.InFlight
	if todo.Task == "sweep" {
		atOnce = sockets
	}
	slots := make(chan struct{}, atOnce)
	var group sync.WaitGroup
	var lock sync.Mutex
	begun := time.Now()
	last := begun
	for _, target := range targets(todo) {
		slots <- struct{}{}
		group.Add(1)
		go func(target string) {
			had, ok := ask(todo, target)
			<-slots
			if ok {
				lock.Lock()
				done.Found++
				done.Complete++
				done.Variables += int64(had)
				last = time.Now()
				lock.Unlock()
			}
			group.Done()
		}(target)
	}
	group.Wait()
	if todo.Task == "sweep" {
		last = time.Now()
	}
	done.Wall = durationOf(last.Sub(begun))
	return done
}

// How many variables were had, and whether it came to an end.
func ask(todo *assignment, target string) (int, bool) {
	client := &gosnmp.GoSNMP{
		Target:         target,
		Port:           todo.Port,
		Transport:      "udp",
		Community:      "public",
		Version:        gosnmp.Version2c,
		Timeout:        todo.Timeout.std(),
		Retries:        todo.Retries,
		MaxOids:        gosnmp.MaxOids,
		MaxRepetitions: repetitions,
	}
	if todo.V3 != nil {
		client.Version = gosnmp.Version3
		client.SecurityModel = gosnmp.UserSecurityModel
		client.MsgFlags = gosnmp.AuthPriv
		client.SecurityParameters = &gosnmp.UsmSecurityParameters{
			UserName:                 todo.V3.Name,
			AuthenticationProtocol:   gosnmp.SHA,
			AuthenticationPassphrase: todo.V3.Auth,
			PrivacyProtocol:          gosnmp.AES,
			PrivacyPassphrase:        todo.V3.Privacy,
		}
	}
	if client.Connect() != nil {
		return 0, false
	}
	defer client.Conn.Close()
	if todo.Task == "sweep" {
		names := []string{
			".1.3.6.1.2.1.1.1",
			".1.3.6.1.2.1.1.2",
			".1.3.6.1.2.1.25.3.2.1.2",
			".1.3.6.1.2.1.43.5.1.1",
		}
		answer, err := client.GetNext(names)
		if err != nil {
			return 0, false
		}
		return len(answer.Variables), true
	}
	had, err := client.BulkWalkAll(".1.3.6.1")
	return len(had), err == nil
}

func targets(todo *assignment) []string {
	all := append([]string{}, todo.Addresses...)
	if len(todo.Range) == 2 {
		first := binary.BigEndian.Uint32(net.ParseIP(todo.Range[0].(string)).To4())
		count := uint32(todo.Range[1].(float64))
		for offset := uint32(0); offset < count; offset++ {
			octets := make(net.IP, 4)
			binary.BigEndian.PutUint32(octets, first+offset)
			all = append(all, octets.String())
		}
	}
	return all
}

func cpu() time.Duration {
	var usage syscall.Rusage
	fail(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// The most memory that this process had, in kilobytes.
func peak() int64 {
	status, err := os.ReadFile("/proc/self/status")
	fail(err)
	for _, line := range strings.Split(string(status), "\n") {
		if words := strings.Fields(line); len(words) == 3 && words[0] == "VmHWM:" {
			kilobytes, err := strconv.ParseInt(words[1], 10, 64)
			fail(err)
			return kilobytes
		}
	}
	return 0
}

// The version of Debian's package.
func version() string {
	known, err := exec.Command("dpkg-query", "-W", "-f", "${Version}", "golang-github-gosnmp-gosnmp-dev").Output()
	if err != nil {
		return "of unknown version"
	}
	return string(known)
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "gosnmp:", err)
		os.Exit(1)
	}
}
