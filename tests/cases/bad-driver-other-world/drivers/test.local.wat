(component
  (@custom "osiris:spec" "name: test.local\nversion: 0.1.0\nmodes: [extract]\nconfigSchema: {type: object}\n")
  (import "wasi:http/outgoing-handler@0.2.3" (instance))
  (import "wasi:cli/environment@0.3.0" (instance))
  (import "osiris:driver/context@0.9.0" (instance))
  (import "acme:queue/send" (instance))
  (instance $nothing)
  (export "acme:job/run@1.0.0" (instance $nothing)))
