"""What is deployed to AWS Lambda: the control plane's code, a layer with its dependencies, and the stack's template.

``make package STAGE=dev`` writes ``deployment.zip``, ``layer.zip`` and ``template.json`` into ``dist/lambda/dev``. The same
checkout gives the same bytes, by the same Python and zlib on any machine.

Chalice makes the template and gathers the code; the layer is made here, from the lock. Chalice's own way to dependencies is pip,
whose resolver takes minutes and does not know the lock.
"""
