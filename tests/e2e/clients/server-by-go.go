// SPDX-License-Identifier: MIT
// An SSH server by Go: PORT. It is one process for all its logins, and gives each its agent as such
// servers do: a listener in a directory of its own. It lets everybody in, and runs what they ask as
// whoever started it. Prints a line for each connection to an agent.
package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"io"
	"io/ioutil"
	"log"
	"net"
	"os"
	"os/exec"
	"path/filepath"

	"golang.org/x/crypto/ssh"
)

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func carry(a, b io.ReadWriteCloser) {
	go func() {
		io.Copy(a, b)
		a.Close()
	}()
	io.Copy(b, a)
	b.Close()
}

func forward(listener net.Listener, login *ssh.ServerConn) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		fmt.Println("agent asked")
		channel, requests, err := login.OpenChannel("auth-agent@openssh.com", nil)
		if err != nil {
			client.Close()
			continue
		}
		go ssh.DiscardRequests(requests)
		go carry(client, channel)
	}
}

func listen(login *ssh.ServerConn) net.Listener {
	directory, err := ioutil.TempDir("", "auth-agent")
	must(err)
	listener, err := net.Listen("unix", filepath.Join(directory, "listener.sock"))
	must(err)
	go forward(listener, login)
	return listener
}

func run(command string, channel ssh.Channel, login *ssh.ServerConn, listener net.Listener) {
	shell := exec.Command("/bin/sh", "-c", command)
	shell.Stdin, shell.Stdout, shell.Stderr = nil, channel, channel.Stderr()
	remote, local := login.RemoteAddr().(*net.TCPAddr), login.LocalAddr().(*net.TCPAddr)
	shell.Env = append(os.Environ(), fmt.Sprintf("SSH_CONNECTION=%s %d %s %d",
		remote.IP, remote.Port, local.IP, local.Port))
	if listener != nil {
		shell.Env = append(shell.Env, "SSH_AUTH_SOCK="+listener.Addr().String())
		defer os.RemoveAll(filepath.Dir(listener.Addr().String()))
		defer listener.Close()
	}
	shell.Run()
	channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{0}))
	channel.Close()
}

func session(channel ssh.Channel, requests <-chan *ssh.Request, login *ssh.ServerConn) {
	var agent net.Listener
	for request := range requests {
		switch request.Type {
		case "auth-agent-req@openssh.com":
			agent = listen(login)
			request.Reply(true, nil)
		case "exec":
			var asked struct{ Command string }
			must(ssh.Unmarshal(request.Payload, &asked))
			request.Reply(true, nil)
			go run(asked.Command, channel, login, agent)
		default:
			request.Reply(false, nil)
		}
	}
}

func serve(connection net.Conn, config *ssh.ServerConfig) {
	login, channels, requests, err := ssh.NewServerConn(connection, config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	for asked := range channels {
		channel, requests, err := asked.Accept()
		must(err)
		go session(channel, requests, login)
	}
}

func main() {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	must(err)
	key, err := ssh.NewSignerFromKey(private)
	must(err)
	config := &ssh.ServerConfig{NoClientAuth: true}
	config.AddHostKey(key)
	server, err := net.Listen("tcp", "127.0.0.1:"+os.Args[1])
	must(err)
	for {
		connection, err := server.Accept()
		must(err)
		go serve(connection, config)
	}
}
