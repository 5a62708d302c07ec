// Issues the lab's certificates: one authority that is kept, leaves that are renewed at each start.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
)

// names collects repeated flags of the form FILE=NAME,NAME.
type names []string

func (n *names) String() string     { return strings.Join(*n, " ") }
func (n *names) Set(v string) error { *n = append(*n, v); return nil }

func main() {
	var servers, clients names
	dir := flag.String("dir", "", "directory for ca.crt, ca.key and the leaves")
	flag.Var(&servers, "server", "FILE=HOST,HOST: a serving certificate for these addresses and names")
	flag.Var(&clients, "client", "FILE=USER: a client certificate for this user")
	flag.Parse()
	if err := issueAll(*dir, servers, clients); err != nil {
		fmt.Fprintln(os.Stderr, "certificates:", err)
		os.Exit(1)
	}
}

func issueAll(dir string, servers, clients names) error {
	authority, err := loadOrMakeAuthority(dir)
	if err != nil {
		return err
	}
	for _, server := range servers {
		file, hosts, _ := strings.Cut(server, "=")
		if err := authority.issue(dir, file, serverTemplate(strings.Split(hosts, ","))); err != nil {
			return err
		}
	}
	for _, client := range clients {
		file, user, _ := strings.Cut(client, "=")
		if err := authority.issue(dir, file, clientTemplate(user)); err != nil {
			return err
		}
	}
	return nil
}
