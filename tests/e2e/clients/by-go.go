// SPDX-License-Identifier: MIT
// A client by Go: ACCOUNT PORT. Prints each key that the agent lists, in hexadecimal, logs in to that
// account at that port of this host with one of them, and prints who it is there.
package main

import (
	"fmt"
	"log"
	"net"
	"os"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	account, port := os.Args[1], os.Args[2]
	connection, err := net.Dial("unix", os.Getenv("SSH_AUTH_SOCK"))
	must(err)
	keys := agent.NewClient(connection)
	list, err := keys.List()
	must(err)
	for _, key := range list {
		fmt.Printf("%x\n", key.Blob)
	}

	client, err := ssh.Dial("tcp", "localhost:"+port, &ssh.ClientConfig{
		User:            account,
		Auth:            []ssh.AuthMethod{ssh.PublicKeysCallback(keys.Signers)},
		HostKeyCallback: ssh.InsecureIgnoreHostKey(),
	})
	must(err)
	session, err := client.NewSession()
	must(err)
	said, err := session.Output("id -un")
	must(err)
	fmt.Print(string(said))
}
